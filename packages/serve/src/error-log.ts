import { truncate } from './access-log.ts';

const MAX_STACK = 8_192;
const MAX_MESSAGE = 65_536; // of an error whose stack is shown

/** The message of whatever was thrown, never empty: anything can be thrown, and its properties can be of any type. */
export const messageOf = (thrown: unknown): string => {
  try {
    return String(Object(thrown).message || thrown) || 'an empty string was thrown';
  } catch {
    return 'a value without a message was thrown'; // String(Object.create(null)) throws
  }
};

const stackOf = (thrown: unknown): string | undefined => {
  try {
    // V8 makes the stack when it is read, with the whole message in it: seconds for hundreds of megabytes.
    if (String(Object(thrown).message).length > MAX_MESSAGE) return undefined;
    const { stack } = Object(thrown);
    return typeof stack === 'string' ? truncate(stack, MAX_STACK) : undefined;
  } catch {
    return undefined; // the message may throw
  }
};

/** What is told of a response to an error that the library did not see. */
export const unseen = (status: number): string =>
  `the response has status ${status}, and no error was seen: if an app within the app made it, such as a routed one with its own onError, hand that app to watch() of @edge-ping/serve`;

/** A record of the error log. */
export type ErrorRecord = ReturnType<typeof errorRecord>;

/** Makes a record of the error log, in the fields and levels of Echo's own logger. */
export const errorRecord = (level: 'WARN' | 'ERROR' | 'FATAL', thrown: unknown) => ({
  time: new Date().toISOString(),
  level,
  message: truncate(messageOf(thrown)),
  stack: stackOf(thrown),
});
