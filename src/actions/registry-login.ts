import type { Clock } from '../clock.ts';
import type { RegistryLogin, Repositories } from '../ports.ts';
import { jobRegion } from './job-region.ts';

/** A registry as errors name it. */
export function placeOf(
  place: { readonly region: string | undefined; readonly registryId: string | undefined },
  env: NodeJS.ProcessEnv,
): string {
  const region = place.region || jobRegion(env) || 'the region of the job';
  return `the registry of ${place.registryId ?? "the account of this job's role"} in ${region}`;
}

/** A login this near to its end is renewed before it is used. */
const MARGIN_MS = 10 * 60_000;

/**
 * Logs in to a registry once, and again when the login nears its end or the registry refuses it. Whoever asks at the
 * same time gets the same one. The password is masked before anybody can print it.
 */
export function keptLogin(
  ecr: Pick<Repositories, 'login'>,
  clock: Clock,
  mask: (secret: string) => void,
): (refused?: RegistryLogin) => Promise<RegistryLogin> {
  let current: Promise<RegistryLogin> | undefined;
  const renew = () => {
    const asked = ecr.login().then((login) => {
      mask(login.password);
      mask(Buffer.from(`${login.username}:${login.password}`).toString('base64'));
      return login;
    });
    // A failure is not kept: the next one to ask asks anew.
    asked.catch(() => {
      if (current === asked) current = undefined;
    });
    current = asked;
    return asked;
  };
  return async (refused) => {
    const asked = current ?? renew();
    const login = await asked;
    const good = login !== refused && login.expiresAt - clock.now() > MARGIN_MS;
    if (good) return login;
    // Somebody else who waited for the same login may have renewed it by now.
    return current === undefined || current === asked ? renew() : current;
  };
}
