declare const brand: unique symbol;

/** Identity of exactly one set of records going to exactly one table. 1-128 characters of `[-_A-Za-z0-9:]`. */
export type Label = string & { readonly [brand]: 'label' };
