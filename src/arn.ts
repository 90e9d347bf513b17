/** The name of a cluster, a service or a task that may be given by its ARN: the last part. */
export const nameIn = (reference: string): string => reference.split('/').at(-1) ?? reference;
