/** Settings with which a client of the SDK speaks to a simulator, and sends each call once. */
export const clientOf = ({ url }: { readonly url: string }, region = 'eu-west-1') => ({
  endpoint: url,
  region,
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' },
  maxAttempts: 1,
});
