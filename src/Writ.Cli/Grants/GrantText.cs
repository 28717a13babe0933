using System.Globalization;
using Writ.Cli.Output;
using Writ.Contracts.Grants;

namespace Writ.Cli.Grants;

/// <summary>A grant in words.</summary>
internal static class GrantText
{
    public static Fields Full(GrantView grant, DateTimeOffset now) => new Fields()
        .Add("grant", grant.Id)
        .Add("holder", $"{grant.Actor.Name} ({grant.Actor.Kind})")
        .Add("state", grant.EndReason is { Length: > 0 } why && why != grant.State ? $"{grant.State} ({why})" : grant.State)
        .Add("break-glass", GlassText.Of(grant.BreakGlass, now), Tone.Notice)
        .Add("command", Printable.Command(grant.Argv))
        .Add("zones", string.Join(", ", grant.Zones))
        .Add("runner", grant.Runner)
        .Add("uses left", string.Create(CultureInfo.InvariantCulture, $"{grant.UsesLeft} of {grant.UsesGranted}"))
        .Add("begins", When.Full(grant.NotBefore, now))
        .Add("ends", When.Full(grant.NotAfter, now))
        .Add("request", grant.Request);
}
