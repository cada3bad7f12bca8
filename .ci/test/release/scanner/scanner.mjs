// Finds the installed npm packages, as the scanner does that BuildKit takes from Docker Hub. It talks to BuildKit
// the same way: https://github.com/moby/buildkit/blob/master/docs/attestations/sbom-protocol.md
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const { BUILDKIT_SCAN_SOURCE, BUILDKIT_SCAN_SOURCE_EXTRAS, BUILDKIT_SCAN_DESTINATION } =
  process.env;
const extras = BUILDKIT_SCAN_SOURCE_EXTRAS
  ? readdirSync(BUILDKIT_SCAN_SOURCE_EXTRAS).map((name) => join(BUILDKIT_SCAN_SOURCE_EXTRAS, name))
  : [];

for (const root of [BUILDKIT_SCAN_SOURCE, ...extras]) {
  const packages = globSync('**/node_modules/{*,@*/*}/package.json', { cwd: root }).map((path) => {
    const { name, version } = JSON.parse(readFileSync(join(root, path), 'utf8'));
    return { name, versionInfo: version };
  });
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://spdx.dev/Document',
    predicate: { SPDXID: 'SPDXRef-DOCUMENT', spdxVersion: 'SPDX-2.3', packages },
  };
  const path = join(BUILDKIT_SCAN_DESTINATION, `${basename(root)}.spdx.json`);
  writeFileSync(path, JSON.stringify(statement));
}
