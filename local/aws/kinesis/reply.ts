/** The input of a call, as the JSON protocol carries it. */
export type Request = Readonly<Record<string, unknown>>;

/** What goes back: the HTTP status and the JSON body. */
export interface Reply {
  readonly status: number;
  readonly body: object;
}

/** How kinesalite throws what it answers with an error status. */
export interface Fault extends Error {
  readonly statusCode: number;
  readonly body: object;
}

export const isFault = (thrown: unknown): thrown is Fault => thrown instanceof Error && 'statusCode' in thrown && 'body' in thrown;

/** A refusal in the form of the JSON protocol. */
export const refuse = (type: string, message: string): Reply => ({ status: 400, body: { __type: type, message } });

/** The same as an exception, for a check in the middle of a call. */
export const faultOf = (type: string, message: string): Fault =>
  Object.assign(new Error(message), { statusCode: 400, body: refuse(type, message).body });
