import { ConfigError } from '../errors.ts';

/** Reads the id of an AWS account, for an input of that name. */
export const readAccountId =
  (input: string) =>
  (text: string): string => {
    if (/^\d{12}$/.test(text)) return text;
    throw new ConfigError({ input, message: `"${text}" is not an account id of 12 digits` });
  };
