/** The frontends, the one that worked last in front. */
export interface Frontends {
  inTurn(): readonly URL[];
  /** Its turn comes first from now on. */
  worked(frontend: URL): void;
  /** Its turn comes last from now on. */
  failed(frontend: URL): void;
}

/** A turn list over the configured frontends. */
export function takeTurns(configured: readonly URL[]): Frontends {
  let order = [...configured];
  const others = (frontend: URL) => order.filter((other) => other.href !== frontend.href);
  return {
    inTurn: () => order,
    worked: (frontend) => {
      order = [frontend, ...others(frontend)];
    },
    failed: (frontend) => {
      order = [...others(frontend), frontend];
    },
  };
}
