/** The error that a call ends with; the call must fail. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (reason: Error) => reason,
  );
  if (!error) throw new Error('the call was expected to fail');
  return error;
}

/** Name and words of the error that a call ends with. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  const { name, message } = await failureOf(call);
  return `${name}: ${message}`;
}
