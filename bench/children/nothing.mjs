/** Plain JavaScript, since it is run as it is: settles whatever comes, at once. */
export const handler = async () => ({ batchItemFailures: [] });
