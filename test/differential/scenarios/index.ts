import type { ScenarioTable } from '../support/scenario';
import { scenarios as byHand } from './by-hand';
import { scenarios as connecting } from './connecting';
import { scenarios as contexts } from './contexts';
import { scenarios as data } from './data';
import { scenarios as extras } from './extras';
import { scenarios as failures } from './failures';
import { scenarios as getters } from './getters';
import { scenarios as hellos } from './hellos';
import { scenarios as identity } from './identity';
import { scenarios as moduleObject } from './module';
import { scenarios as negotiation } from './negotiation';
import { scenarios as renegotiating } from './renegotiating';
import { scenarios as resumption } from './resumption';
import { scenarios as serverState } from './server-state';
import { scenarios as servers } from './servers';
import { scenarios as sockets } from './sockets';
import { scenarios as streams } from './streams';
import { scenarios as upgrading } from './upgrading';
import { scenarios as writing } from './writing';

export const allScenarios: ScenarioTable = {
  ...connecting,
  ...sockets,
  ...identity,
  ...contexts,
  ...negotiation,
  ...hellos,
  ...resumption,
  ...getters,
  ...data,
  ...failures,
  ...servers,
  ...extras,
  ...byHand,
  ...streams,
  ...renegotiating,
  ...upgrading,
  ...serverState,
  ...moduleObject,
  ...writing,
};
