import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { createZipArchive, ZipEntry } from 'node:zlib';

// AWS Lambda takes a zip only. The fixed date gives the same bundle the same zip, and so the same CodeSha256.
const modified = new Date(1980, 0, 1);
const bundle = await readFile('dist/lambda/index.mjs');
const entry = await ZipEntry.create('index.mjs', bundle, { modified });
const zip = await buffer(createZipArchive([entry]));
await writeFile('dist/lambda.zip', zip);
console.log(`dist/lambda.zip  ${zip.length} bytes`);
