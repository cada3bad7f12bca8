// Of https://www.iana.org/assignments/http-status-codes those that handlers and middlewares throw, and the
// library's own: Node's list is not there on Workers, whose size counts.
const texts = `400 Bad Request, 401 Unauthorized, 403 Forbidden, 404 Not Found, 405 Method Not Allowed,
408 Request Timeout, 409 Conflict, 410 Gone, 413 Payload Too Large, 415 Unsupported Media Type,
422 Unprocessable Entity, 426 Upgrade Required, 429 Too Many Requests,
431 Request Header Fields Too Large, 500 Internal Server Error, 501 Not Implemented,
502 Bad Gateway, 503 Service Unavailable, 504 Gateway Timeout, 505 HTTP Version Not Supported`;

/** The text of a status of 400 or more. */
export const statusText = (status: number): string =>
  texts
    .split(/,\s/)
    .find((text) => text.startsWith(`${status} `))
    ?.slice(4) ?? `Status ${status}`;
