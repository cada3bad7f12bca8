// The reference: the service of Docker's Go guide, with the responses and the log of its README.
package main

import (
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

func main() {
	e := echo.New()
	e.Use(middleware.Logger())
	e.Use(middleware.Recover())

	greeting := os.Getenv("GREETING")
	e.GET("/", func(c echo.Context) error {
		return c.HTML(http.StatusOK, greeting)
	})
	e.GET("/health", func(c echo.Context) error {
		return c.JSON(http.StatusOK, struct{ Status string }{Status: "OK"})
	})

	e.Logger.Fatal(e.Start(":" + os.Getenv("PORT")))
}
