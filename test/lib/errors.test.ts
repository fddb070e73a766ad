import { describe, expect, it } from 'vitest';
import { ConfigError, ContractViolation } from '../../lib/errors.ts';

describe('a configuration error', () => {
  it('names every fault in one message and keeps them apart as well', () => {
    const cause = new Error('why');
    const error = new ConfigError(['A: is missing', 'B: must be 1'], { cause });

    expect(error.message).toBe('configuration refused: A: is missing; B: must be 1');
    expect([error.name, error.faults, error.cause]).toEqual(['ConfigError', ['A: is missing', 'B: must be 1'], cause]);
  });
});

describe('a contract violation', () => {
  it('is told apart by its name, which survives bundling', () => {
    expect(new ContractViolation('x').name).toBe('ContractViolation');
  });
});
