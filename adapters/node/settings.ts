/**
 * Reads what the operator sets: `PORT`, where 0 takes any free port, and `TRUST_PROXY`, the number
 * of proxies before the server that append to `X-Forwarded-For`. Unset and empty mean the default.
 * @param fail ends the start with a line that names the setting, its value and what is allowed
 */
export const readSettings = (env: NodeJS.ProcessEnv, fail: (line: string) => never) => {
  const integer = (name: string, fallback: number, max: number): number => {
    const value = env[name] || String(fallback);
    if (/^\d+$/.test(value) && Number(value) <= max) return Number(value);
    return fail(`${name}=${JSON.stringify(value)}: must be an integer from 0 to ${max}`);
  };
  return { port: integer('PORT', 8080, 65_535), trustProxy: integer('TRUST_PROXY', 0, 100) };
};
