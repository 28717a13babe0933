using Writ.Cli.Server;
using Writ.Contracts;

namespace Writ.Cli.Identity;

/// <summary>What a server gave becomes a sign-in, once the same server said whose it is.</summary>
internal static class NewSignIn
{
    /// <param name="answer">Of the token endpoint.</param>
    /// <param name="asked">When it was asked: the life of the tokens begins not before.</param>
    /// <exception cref="Stop">It gave no tokens, or does not take them.</exception>
    public static async Task<KeptSignIn> OfAsync(CliContext context, TokenAnswer answer, DateTimeOffset asked, CancellationToken cancel)
    {
        if (answer.AccessToken is not { Length: > 0 } token)
            throw OAuth.Refused(answer.Error, answer.ErrorDescription);
        var who = (await context.ServerAs(new FixedToken(token)).GetAsync("/v1/whoami", WritJson.Default.WhoAmI, cancel)).Value;
        return new(context.Dialled.Text, who.Id, who.Name, token, asked.AddSeconds(answer.ExpiresIn ?? 0), answer.RefreshToken);
    }
}
