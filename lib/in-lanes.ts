/** Does all, some at a time. When one fails, no further one is begun; what is under way is waited for and the failure thrown. */
export async function inLanes<T, R>(inputs: readonly T[], lanes: number, work: (input: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = inputs.entries();
  let isFailing = false;
  const lane = async (): Promise<void> => {
    for (const [index, input] of left) {
      if (isFailing) return;
      try {
        results[index] = await work(input);
      } catch (error) {
        isFailing = true;
        throw error;
      }
    }
  };
  for (const end of await Promise.allSettled(Array.from({ length: lanes }, lane))) if (end.status === 'rejected') throw end.reason;
  return results;
}
