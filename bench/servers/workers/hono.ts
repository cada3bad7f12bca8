/** The app of this project without the library. */
export { app as default } from '../../../src/app.ts';
