/** Calls of a redrive under way at once, of each service that it asks. */
export const LANES = 8;
