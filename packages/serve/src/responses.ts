/** The body of a response that says no more than its status, and the header fields that go with it. */
export const errorReply = (message: string) => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ message }),
});

/** A response that says no more than its status. */
const errorResponse = (status: number, message: string): Response => {
  const { headers, body } = errorReply(message);
  return new Response(body, { status, headers });
};

/** The response in the place of one that the app did not make. */
export const lastResort = (): Response => errorResponse(500, 'Internal Server Error');

/** The response to a request that the app is not asked. */
export const badRequest = (): Response => errorResponse(400, 'Bad Request');

const isResponse = (value: unknown): value is Response => {
  if (value instanceof Response) return true;
  const { status, headers, body } = Object(value); // of another class than the global one
  return typeof status === 'number' && typeof headers === 'object' && body !== undefined;
};

/** Gives back what a handler returned if it can be sent; else throws. */
export const checkedResponse = (value: unknown): Response => {
  if (isResponse(value)) return value;
  throw new TypeError('a handler returned no Response');
};
