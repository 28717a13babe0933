using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Server.Streams;

namespace Writ.Server.Chat;

/// <summary>
/// Tells in Slack what came of a button. That is a courtesy: the decision stands, told or not, and nothing waits for it. Answers go to the
/// one host that the operator named, whatever address a call gives.
/// </summary>
internal sealed class SlackReplies(ServerSettings settings, ILogger<SlackReplies> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A text that the account alone sees.</summary>
    public void Whisper(Uri? to, string text) =>
        Send(to, new() { ["response_type"] = "ephemeral", ["replace_original"] = false, ["text"] = SlackMessage.Escaped(text) });

    /// <summary>Another message in the place of the one whose button was pressed.</summary>
    public void Replace(Uri? to, JsonObject message)
    {
        message["replace_original"] = true;
        Send(to, message);
    }

    private void Send(Uri? to, JsonObject answer)
    {
        if (settings.Slack is not { } slack || to is null || to.Scheme != "https" || to.Authority != slack.ReplyHost || to.UserInfo.Length > 0)
        {
            log.LogWarning("Slack asked for an answer elsewhere than at {Host}: none is given", settings.Slack?.ReplyHost);
            return;
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(answer);
        _ = Task.Run(async () =>
        {
            try
            {
                using var post = new EventPost(to, slack.CaFile, isPublicAlone: !slack.AllowPrivate, Patience);
                await post.Send(body, "application/json", _ => { }, CancellationToken.None);
            }
            catch (IOException failed)
            {
                log.LogWarning("Slack does not take an answer: {Why}", failed.Message);
            }
        });
    }
}
