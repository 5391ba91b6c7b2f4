/** Fakes of platforms in one process of their own, so that their memory is not what is measured. */
import { startFakeDiscord } from "../../test/fakes/discord/index.ts";
import { BOT, PASSWORD, startFakeMatrix } from "../../test/fakes/matrix/index.ts";
import { startFakeSlack } from "../../test/fakes/slack/index.ts";
import { startFakeTelegram } from "../../test/fakes/telegram/index.ts";
import { answerParent } from "./answer-parent.ts";

const token = "bench-token-AbCdEf.x";

answerParent({
  /** The lines of the config that lead to each. */
  listen: async (): Promise<Readonly<Record<string, string>>> => {
    const [telegram, discord, slack, matrix] = await Promise.all([
      startFakeTelegram(),
      startFakeDiscord({ token }),
      startFakeSlack({ botToken: "xoxb-bench-AbCdEf" }),
      startFakeMatrix({ token: "of a device that nobody uses" }),
    ]);
    return {
      Telegram: `[channels.telegram]\ntoken = "${telegram.token}"\napi_root = "${telegram.url}"\nowner_ids = ["42"]`,
      Discord: `[channels.discord]\ntoken = "${token}"\napi_root = "${discord.url}"`,
      Slack: `[channels.slack]\nbot_token = "xoxb-bench-AbCdEf"\napp_token = "${slack.appToken}"\napi_root = "${slack.apiRoot}"\nfiles_root = "${slack.url}"`,
      Matrix: `[channels.matrix]\nhomeserver = "${matrix.url}"\nuser = "${BOT}"\npassword = "${PASSWORD}"`,
    };
  },
});
