using Writ.Cli.Options;
using Writ.Cli.Output;

namespace Writ.Cli.Identity;

/// <summary>
/// A sign-in where there is no browser (RFC 8628): the person types a short code on another device. It can be phished, so
/// the server lets it ask and watch, and neither decide nor administer.
/// </summary>
internal static class DeviceSignIn
{
    private static readonly TimeSpan Longer = TimeSpan.FromSeconds(5);

    /// <exception cref="Stop">It was refused, or nobody typed the code in time.</exception>
    public static async Task<KeptSignIn> SignInAsync(CliContext context, CancellationToken cancel)
    {
        var begun = context.Now;
        var device = await context.OAuth.DeviceAsync(cancel);
        if (device is not { DeviceCode: { Length: > 0 } code, UserCode: { Length: > 0 } shown, VerificationUri: { Length: > 0 } page })
            throw OAuth.Refused(device.Error, device.ErrorDescription);
        var end = begun.AddSeconds(Math.Clamp(device.ExpiresIn ?? 600, 1, 3600));
        context.Terminal.Say($"writ: on a device with a browser, open {Printable.Line(page)}");
        context.Terminal.Say($"writ: and type the code {Printable.Line(shown)}, within {Duration.Rough(end - begun)}");
        context.Terminal.Say("hint: only type it because you began this yourself; such a sign-in asks and watches, it neither decides nor administers");

        var pause = TimeSpan.FromSeconds(Math.Clamp(device.Interval ?? 5, 1, 60));
        while (context.Now < end)
        {
            await Task.Delay(pause, context.Time, cancel);
            var asked = context.Now;
            TokenAnswer answer;
            try
            {
                answer = await context.OAuth.TokenAsync(cancel,
                    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code), ("client_id", OAuth.Client));
            }
            catch (HttpRequestException)
            {
                // It may be back before the code ends.
                pause += Longer;
                continue;
            }

            switch (answer.Error)
            {
                case null:
                    return await NewSignIn.OfAsync(context, answer, asked, cancel);
                case "authorization_pending":
                    break;
                case "slow_down":
                    pause += Longer;
                    break;
                default:
                    throw OAuth.Refused(answer.Error, answer.ErrorDescription);
            }
        }

        throw OAuth.Refused("expired_token", null);
    }
}
