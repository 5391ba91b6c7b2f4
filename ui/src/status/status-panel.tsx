import type { VNode } from "preact";
import type { Connection } from "../connection/connection.ts";
import { Icon } from "../icons/icon.tsx";
import { ChannelLink } from "./channel-link.tsx";
import { lightOf, type Light, type Status } from "./status.ts";

interface StatusPanelProps {
  readonly connection: Connection;
  readonly status: Status;
  readonly onLeave: () => void;
}

/** One line at the foot of the side: whether all is well; unfolded, each channel and the models. */
export function StatusPanel({ connection, status, onLeave }: StatusPanelProps): VNode {
  const channels = status.channels.value;
  const models = status.models.value;
  const { light, text } = summary(connection.state.value, channels);
  return (
    <details class="status">
      <summary>
        <i class={`dot ${light}`} aria-hidden="true" />
        <span>{text}</span>
      </summary>
      <div class="status-body">
        {channels.length > 0 && (
          <section>
            <h3>Channels</h3>
            <ul>
              {channels.map((item) => (
                <li key={`${item.channel}:${item.account}`}>
                  <i class={`dot ${lightOf(item.state)}`} aria-hidden="true" />
                  <span>
                    {accountName(item)} {item.identity !== undefined && <small>{item.identity}</small>}
                  </span>
                  <small>{item.state}</small>
                  {item.detail !== undefined && item.state !== "ready" && <p>{item.detail}</p>}
                  {item.login === true && <ChannelLink connection={connection} channel={item.channel} account={item.account} ready={item.state === "ready"} />}
                </li>
              ))}
            </ul>
          </section>
        )}
        {models !== undefined && (
          <section>
            <h3>Models</h3>
            <ul>
              {models.models.map((item) => (
                <li key={item.id}>
                  <i class={item.id === models.default ? "dot good" : "dot"} aria-hidden="true" />
                  <span>{item.id}</span>
                  <small>{item.id === models.default ? "default" : ""}</small>
                </li>
              ))}
            </ul>
          </section>
        )}
        <p class="soft">{connection.version.value === undefined ? "" : `Open Clanker ${connection.version.value}`}</p>
        <button type="button" class="quiet leave" onClick={onLeave}>
          <Icon name="door" />
          Leave and forget the token
        </button>
      </div>
    </details>
  );
}

const accountName = ({ channel, account }: { channel: string; account: string }) => (account === "default" ? channel : `${channel} (${account})`);

function summary(
  state: Connection["state"]["value"],
  channels: readonly { state: string; channel: string; account: string }[],
): { light: Light; text: string } {
  if (state === "connecting") return { light: "busy", text: "Connecting" };
  if (state !== "ready") return { light: "bad", text: "Not connected" };
  const failed = channels.filter((item) => lightOf(item.state) === "bad");
  const slow = channels.filter((item) => lightOf(item.state) === "busy");
  if (failed.length === 1 && failed[0] !== undefined) return { light: "bad", text: `${accountName(failed[0])} is not working` };
  if (failed.length > 1) return { light: "bad", text: `${failed.length} channels are not working` };
  if (slow[0] !== undefined) return { light: "busy", text: `${accountName(slow[0])} is ${slow[0].state}` };
  return { light: "good", text: "All is well" };
}
