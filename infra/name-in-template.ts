import type { LoaderSettings } from './loader-settings.ts';

/** The name of a parameter or an output of a loader, which takes letters and digits only: `web-clicks` has `WebClicksBatchSize`. */
export function nameInTemplate({ name }: Pick<LoaderSettings, 'name'>, what: string): string {
  const prefix = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('-', '');
  return `${prefix}${what}`;
}
