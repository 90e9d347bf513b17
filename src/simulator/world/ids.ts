/** Identifiers in the forms that AWS gives them. */

type Random = () => number;

const draw = (random: Random, alphabet: string, length: number): string => {
  let id = '';
  for (let i = 0; i < length; i++) id += alphabet.charAt(Math.floor(random() * alphabet.length));
  return id;
};

const HEX = '0123456789abcdef';
const DIGITS = '0123456789';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** `5f3c…`: 32 hex digits name a task, 16 a load balancer, a listener, a rule or a target group, 17 an ENI. */
export const hexId = (random: Random, length: number): string => draw(random, HEX, length);

/** 19 digits, the first not 0: a deployment (`ecs-svc/…`) or a service revision. */
export const numberId = (random: Random): string => draw(random, '123456789', 1) + draw(random, DIGITS, 18);

/** 21 characters, as in `service-deployment/prod/web/NCWGC2ZR-taawPAYrIaU5`. */
export const serviceDeploymentId = (random: Random): string => draw(random, BASE64URL, 21);

/** A UUID of version 4. */
export const uuid = (random: Random): string =>
  [
    draw(random, HEX, 8),
    draw(random, HEX, 4),
    `4${draw(random, HEX, 3)}`,
    draw(random, '89ab', 1) + draw(random, HEX, 3),
    draw(random, HEX, 12),
  ].join('-');
