import type {
  CreateListenerCommandInput,
  CreateListenerCommandOutput,
  DeleteListenerCommandInput,
  DescribeListenersCommandInput,
  DescribeListenersCommandOutput,
  DescribeLoadBalancersCommandInput,
  DescribeLoadBalancersCommandOutput,
  Listener,
  ModifyListenerCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Answer } from '../answer.ts';
import { DEFAULT_PLACE, type ScenarioPlace } from '../ec2/model.ts';
import { AwsError, type Operations } from '../operation.ts';
import { hexId } from '../world/ids.ts';
import { page } from '../world/pages.ts';
import { normalizeActions } from './actions.ts';
import { badMarker, listenerNotFound, loadBalancerNotFound, requireArn, validationError } from './errors.ts';
import type { ListenerRecord, LoadBalancerRecord } from './model.ts';
import { addRule, describeRule, tagPairs } from './rules.ts';
import type { LoadBalancing } from './state.ts';

const A_PAGE = 100;

/** Adds an application load balancer that has been active since `createdAt` (ms). */
export function addLoadBalancer(
  state: LoadBalancing,
  name: string,
  createdAt: number,
  place: Required<ScenarioPlace> & { readonly vpc: string } = DEFAULT_PLACE,
): LoadBalancerRecord {
  const { kernel } = state;
  const id = hexId(kernel.random, 16);
  const dimension = `app/${name}/${id}`;
  const arn = kernel.arn('elasticloadbalancing', `loadbalancer/${dimension}`);
  const record: LoadBalancerRecord = {
    arn,
    name,
    dimension,
    description: {
      LoadBalancerArn: arn,
      DNSName: `${name}-${Number.parseInt(id.slice(0, 8), 16)}.${kernel.region}.elb.amazonaws.com`,
      CanonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
      CreatedTime: new Date(createdAt),
      LoadBalancerName: name,
      Scheme: 'internet-facing',
      VpcId: place.vpc,
      State: { Code: 'active' },
      Type: 'application',
      AvailabilityZones: place.subnets.map((SubnetId, index) => ({
        ZoneName: `${kernel.region}${'abcdef'.charAt(index)}`,
        SubnetId,
        LoadBalancerAddresses: [],
      })),
      SecurityGroups: [...place.securityGroups],
      IpAddressType: 'ipv4',
    },
  };
  state.loadBalancers.set(arn, record);
  return record;
}

/** Adds a listener with its default rule; the actions must be normal already. */
export function addListener(
  state: LoadBalancing,
  loadBalancer: LoadBalancerRecord,
  listener: Pick<ListenerRecord, 'port' | 'protocol' | 'certificates' | 'sslPolicy'>,
  actions: ListenerRecord['rules'][number]['actions'],
): ListenerRecord {
  const id = hexId(state.kernel.random, 16);
  const record: ListenerRecord = {
    ...listener,
    arn: state.kernel.arn('elasticloadbalancing', `listener/${loadBalancer.dimension}/${id}`),
    loadBalancerArn: loadBalancer.arn,
    rules: [],
  };
  state.listeners.set(record.arn, record);
  addRule(state, record, {
    listenerArn: record.arn,
    priority: 'default',
    conditions: [],
    actions,
    transforms: [],
  });
  return record;
}

/** Listeners and load balancers: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html */
export function loadBalancerOperations(state: LoadBalancing): Operations {
  const describeListener = (listener: ListenerRecord): Listener => {
    const rule = listener.rules.at(-1);
    const view = rule && (state.ruleViews.read(rule.arn, describeRule(rule)) ?? describeRule(rule));
    return {
      ListenerArn: listener.arn,
      LoadBalancerArn: listener.loadBalancerArn,
      Port: listener.port,
      Protocol: listener.protocol,
      DefaultActions: view?.Actions ?? [],
      ...(listener.protocol === 'HTTPS'
        ? {
            SslPolicy: listener.sslPolicy ?? 'ELBSecurityPolicy-TLS13-1-2-2021-06',
            Certificates: listener.certificates.map((arn) => ({ CertificateArn: arn })),
          }
        : {}),
    };
  };

  const loadBalancerOf = (arn: string | undefined): LoadBalancerRecord => {
    const found = state.loadBalancers.get(requireArn(arn, /:loadbalancer\//, 'load balancer'));
    if (found === undefined) throw loadBalancerNotFound();
    return found;
  };

  const listenerOf = (arn: string | undefined): ListenerRecord => {
    const found = state.listeners.get(requireArn(arn, /:listener\//, 'listener'));
    if (found === undefined) throw listenerNotFound();
    return found;
  };

  return {
    DescribeLoadBalancers(
      input: DescribeLoadBalancersCommandInput,
    ): Answer<DescribeLoadBalancersCommandOutput> {
      let records = [...state.loadBalancers.values()];
      if (input.LoadBalancerArns !== undefined) {
        records = input.LoadBalancerArns.map(loadBalancerOf);
      } else if (input.Names !== undefined) {
        const missing = input.Names.filter((name) => !records.some((record) => record.name === name));
        if (missing.length > 0) throw loadBalancerNotFound(missing);
        records = records.filter((record) => input.Names?.includes(record.name));
      }
      const { items, next } = page(records, input.Marker, input.PageSize ?? A_PAGE, badMarker);
      const LoadBalancers = items.map((record) => structuredClone(record.description));
      return next === undefined ? { LoadBalancers } : { LoadBalancers, NextMarker: next };
    },

    DescribeListeners(input: DescribeListenersCommandInput): Answer<DescribeListenersCommandOutput> {
      let records: ListenerRecord[];
      if (input.ListenerArns !== undefined) {
        records = input.ListenerArns.map(listenerOf);
      } else if (input.LoadBalancerArn !== undefined) {
        const { arn } = loadBalancerOf(input.LoadBalancerArn);
        records = [...state.listeners.values()].filter((listener) => listener.loadBalancerArn === arn);
      } else {
        throw validationError('You must specify either listener ARNs or a load balancer ARN');
      }
      const { items, next } = page(records, input.Marker, input.PageSize ?? A_PAGE, badMarker);
      const Listeners = items.map(describeListener);
      return next === undefined ? { Listeners } : { Listeners, NextMarker: next };
    },

    CreateListener(input: CreateListenerCommandInput): Answer<CreateListenerCommandOutput> {
      const loadBalancer = loadBalancerOf(input.LoadBalancerArn);
      const { Port: port, Protocol: protocol } = input;
      if (port === undefined || (protocol !== 'HTTP' && protocol !== 'HTTPS')) {
        throw validationError(
          'A listener of an application load balancer needs a port and the protocol HTTP or HTTPS',
        );
      }
      const taken = [...state.listeners.values()].some(
        (listener) => listener.loadBalancerArn === loadBalancer.arn && listener.port === port,
      );
      if (taken) {
        throw new AwsError(
          'DuplicateListener',
          `A listener already exists on this port for this load balancer '${loadBalancer.arn}'`,
        );
      }
      const listener = addListener(
        state,
        loadBalancer,
        {
          port,
          protocol,
          certificates: (input.Certificates ?? []).map((certificate) => certificate.CertificateArn ?? ''),
          sslPolicy: input.SslPolicy,
        },
        normalizeActions(input.DefaultActions ?? [], loadBalancer.arn, state),
      );
      if (input.Tags) state.tags.add(listener.arn, tagPairs(input.Tags));
      return { Listeners: [describeListener(listener)] };
    },

    ModifyListener(input: ModifyListenerCommandInput): Answer<CreateListenerCommandOutput> {
      const listener = listenerOf(input.ListenerArn);
      const actions =
        input.DefaultActions && normalizeActions(input.DefaultActions, listener.loadBalancerArn, state);
      const rule = listener.rules.at(-1);
      if (actions && rule) {
        state.routingChanges();
        state.ruleViews.remember(rule.arn, describeRule(rule));
        rule.actions = actions;
        state.spread(rule);
      }
      if (input.Port !== undefined) listener.port = input.Port;
      if (input.Protocol === 'HTTP' || input.Protocol === 'HTTPS') listener.protocol = input.Protocol;
      if (input.SslPolicy !== undefined) listener.sslPolicy = input.SslPolicy;
      if (input.Certificates !== undefined) {
        listener.certificates = input.Certificates.map((certificate) => certificate.CertificateArn ?? '');
      }
      // The answer of a write shows its effect; only later describes may lag behind.
      return {
        Listeners: [{ ...describeListener(listener), DefaultActions: structuredClone(rule?.actions ?? []) }],
      };
    },

    DeleteListener(input: DeleteListenerCommandInput): object {
      const listener = listenerOf(input.ListenerArn);
      state.routingChanges();
      for (const rule of listener.rules) {
        state.rules.delete(rule.arn);
        state.tags.forget(rule.arn);
      }
      state.listeners.delete(listener.arn);
      state.tags.forget(listener.arn);
      return {};
    },
  };
}
