using Writ.Core.Policy;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Server.WebConsole.Start;

/// <summary>A first policy from a template: one zone that operators scan by themselves, and developers with an operator's yes.</summary>
internal static class FirstPolicy
{
    public const string Operators = "operators";

    /// <summary>The text; a refusal where it would be no policy.</summary>
    /// <param name="zone">What the zone is called.</param>
    /// <param name="addresses">Its networks, separated by commas or blanks.</param>
    public static Result<string> Of(string zone, string addresses)
    {
        var name = zone.Trim();
        if (name.Length is 0 or > 40 || !name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-') || !char.IsAsciiLetterLower(name[0]))
            return new Refusal(ErrorCode.InvalidInput, "a zone's name is made of lower-case letters, digits and hyphens, a letter first", "for example staging");
        string[] networks = addresses.Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (networks.Length == 0)
            return new Refusal(ErrorCode.InvalidTarget, "the zone has no addresses yet", "for example 10.20.0.0/24");
        if (!AddressSet.TryParse(networks, out _, out var wrong))
            return new Refusal(ErrorCode.InvalidTarget, $"'{Printable.Cut(wrong, 60)}' is no address or network", "for example 10.20.0.0/24");
        var text = $$"""
            version: 1
            roles:
              operator: { groups: [{{Operators}}] }
              developer: { groups: [developers] }
            zones:
              {{name}}:
                addresses: [{{string.Join(", ", networks.Select(network => $"\"{network}\""))}}]
                owners: [operator]
            rules:
              # Operators scan by themselves; it is on the record all the same.
              - id: operators-scan-{{name}}
                roles: [operator]
                zones: [{{name}}]
                tools:
                  nmap: { techniques: [ping, connect, syn, version], ports: "1-65535", scripts: [default, safe, version], max-timing: 4, max-hosts: 4096 }
                max-duration: 1h
                approval: none
              # Developers say why, and an operator says yes.
              - id: developers-scan-{{name}}
                roles: [developer]
                zones: [{{name}}]
                tools:
                  nmap: { techniques: [ping, connect, version], ports: "1-10000", scripts: [default, safe, version], max-hosts: 256 }
                max-duration: 30m
                require: [reason]
                approval: { from: [operator], count: 1 }

            """;
        var problems = PolicyDocument.Parse(text, "policy.yaml").Problems;
        return problems.Count == 0 ? text : new Refusal(ErrorCode.InvalidPolicy, problems[0].Message, problems[0].Hint);
    }
}
