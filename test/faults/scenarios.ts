import { crowd } from "./cases/crowd.ts";
import { bitFlips, truncatedLog } from "./cases/disk-damage.ts";
import { diskFull } from "./cases/disk-full.ts";
import { killSoak } from "./cases/kill-soak.ts";
import { floodOfMessages, leakSoak, runawayModel } from "./cases/load.ts";
import { dnsOutage, halfOpen, lossyNetwork, networkCut } from "./cases/network.ts";
import { ownNetwork } from "./cases/own-network.ts";
import { powerLoss } from "./cases/power-loss.ts";
import { blockedLoop, commandLine, killedRecovery, poison, stoppedProcess } from "./cases/processes.ts";
import { restoreDrill } from "./cases/restore-drill.ts";
import { slowDisk } from "./cases/slow-disk.ts";
import type { Scenario } from "./scenario.ts";

/** All of the lab, in the order they run. */
export const scenarios: readonly Scenario[] = [
  slowDisk,
  powerLoss,
  bitFlips,
  truncatedLog,
  diskFull,
  restoreDrill,
  dnsOutage,
  networkCut,
  lossyNetwork,
  halfOpen,
  ownNetwork,
  poison,
  killedRecovery,
  stoppedProcess,
  blockedLoop,
  commandLine,
  crowd,
  floodOfMessages,
  leakSoak,
  runawayModel,
  killSoak,
];

export {
  slowDisk,
  powerLoss,
  bitFlips,
  truncatedLog,
  diskFull,
  restoreDrill,
  dnsOutage,
  networkCut,
  lossyNetwork,
  halfOpen,
  ownNetwork,
  poison,
  killedRecovery,
  stoppedProcess,
  blockedLoop,
  commandLine,
  crowd,
  floodOfMessages,
  leakSoak,
  runawayModel,
  killSoak,
};
