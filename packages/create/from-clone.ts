// `npm run create -- ../my-service`: the same from a clone, with the library and its helpers as tarballs.
import { pack } from '../pack.ts';
import { main } from './src/create.ts';
import { readTemplate } from './src/read-template.ts';

process.exitCode = await main(process.argv.slice(2), async () => ({
  template: readTemplate(),
  tarballs: { serve: pack('serve').tarball, testing: pack('serve-testing').tarball },
}));
