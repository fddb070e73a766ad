/** Why a node refuses: Doris's status code text and the message behind it. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Set when another transaction holds the label: that transaction's state, as the reply spells it. */
  readonly existingJobStatus?: string;
}

/** A refusal by the BE itself. */
export function refuse(code: string, message: string): Refusal {
  return { code, message };
}

/** A refusal that the FE gave to the BE: the BE passes its text on behind `TStatus:` (reference 3.2). */
export function refusedByFrontend(message: string, code = 'ANALYSIS_ERROR', errCode = 2): Refusal {
  return { code, message: `TStatus: errCode = ${errCode}, detailMessage = ${message}` };
}

/** The `Message` of a load reply. */
export function messageOf({ code, message }: Refusal): string {
  return `[${code}]${message}`;
}
