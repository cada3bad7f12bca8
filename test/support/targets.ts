import manifest from '../../package.json' with { type: 'json' };

/** The command that `npm start` runs. */
export const startCommand = manifest.scripts.start.split(' ');

/** What `npm run build` makes, run as the image runs it. */
export const bundleCommand = ['node', '--enable-source-maps', 'dist/server.js'];

/** AWS's own runtime interface client. */
export const lambdaClient = 'packages/serve/test/lambda/node_modules/.bin/aws-lambda-ric';
