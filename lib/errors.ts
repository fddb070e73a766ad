/** A setting is missing or wrong. Thrown at cold start; names every fault at once and stops the function. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(`configuration refused: ${faults.join('; ')}`, options);
    this.faults = faults;
  }
}

/** Doris, Lambda or this program broke a rule that exactly-once rests on. Fails the invocation: nothing is acknowledged. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}

/** Doris reports success for something else than was sent. */
export class Contradicted extends ContractViolation {}

/** Doris has stored something else than was sent, and the label of the load passes for stored: only a person can tell what is missing or doubled. */
export class StoredOtherwise extends Contradicted {}
