/** The error that a call ends with; the call must fail. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (reason: Error) => reason,
  );
  if (!error) throw new Error('the call was expected to fail');
  return error;
}
