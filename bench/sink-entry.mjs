/** Plain JavaScript, because a worker starts without the loader that reads TypeScript. */
import { register } from 'tsx/esm/api';

register();
await import('./sink.ts');
