const nosniff = { 'X-Content-Type-Options': 'nosniff' };
const html = { ...nosniff, 'Content-Type': 'text/html; charset=UTF-8' };
const json = { ...nosniff, 'Content-Type': 'application/json' };

/** The least Worker that gives the product's answers: two ifs, no framework, no log. */
export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === '/') return new Response('Hello, Docker! <3', { headers: html });
    if (pathname === '/health') {
      return new Response('{"Status":"OK"}', { headers: { ...json, 'Cache-Control': 'no-store' } });
    }
    return new Response('{"message":"Not Found"}', { status: 404, headers: json });
  },
};
