/** dynalite 4.0.0 ships no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  const dynalite: (options: { readonly createTableMs: number; readonly deleteTableMs: number; readonly updateTableMs: number }) => Server;
  // biome-ignore lint/style/noDefaultExport: the package is a CommonJS module that exports its one function
  export default dynalite;
}
