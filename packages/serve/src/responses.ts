/** The body of a response that says no more than its status, and the header fields that go with it. */
export const errorReply = (message: string) => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ message }),
});

const internalServerError = errorReply('Internal Server Error');

/** The response in the place of one that the app did not make. */
export const lastResort = (): Response =>
  new Response(internalServerError.body, { status: 500, headers: internalServerError.headers });

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
