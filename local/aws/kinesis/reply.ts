/** The input of a call, as the JSON protocol carries it. */
export type Request = Readonly<Record<string, unknown>>;

/** What goes back: the HTTP status and the JSON body, as a value or as text already. */
export interface Reply {
  readonly status: number;
  readonly body: object | string;
}

/** How kinesalite throws what it answers with an error status. */
export interface Fault extends Error {
  readonly statusCode: number;
  readonly body: object;
}

export function isFault(thrown: unknown): thrown is Fault {
  return thrown instanceof Error && 'statusCode' in thrown && 'body' in thrown;
}

/** A refusal in the form of the JSON protocol. */
export function refuse(type: string, message: string): Reply & { readonly body: object } {
  return { status: 400, body: { __type: type, message } };
}

/** The same as an exception, for a check in the middle of a call. */
export function faultOf(type: string, message: string): Fault {
  return Object.assign(new Error(message), { statusCode: 400, body: refuse(type, message).body });
}
