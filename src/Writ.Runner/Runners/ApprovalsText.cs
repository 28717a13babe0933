using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Orders;

namespace Writ.Runner.Runners;

/// <summary>Whose yes this runner asks for, as the configuration writes it.</summary>
/// <param name="Origin">Where the passkeys are used: the server's public address, <c>https://writ.example.com</c>.</param>
/// <param name="Approvers">The people, each with the public keys of their passkeys.</param>
/// <param name="Zones">What is asked for where.</param>
internal sealed record ApprovalsText(string Origin, IReadOnlyList<ApproverText> Approvers, IReadOnlyList<QuorumText> Zones)
{
    /// <summary>The approvals; a text says what is wrong where they are none.</summary>
    public (LocalApprovals? Approvals, string? Wrong) Read()
    {
        if (PasskeyParty.Read(Origin) is not { } party)
            return (null, $"'{Origin}' is no origin of passkeys; it is https:// and the name under which people reach the server");
        var approvers = new Dictionary<string, LocalApprover>(StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var person in Approvers)
        {
            if (!ActorId.TryParse(person.Person, out _))
                return (null, $"'{person.Person}' is no person's id, act_…");
            if (person.Name.Length == 0 || person.Keys.Count == 0)
                return (null, $"{person.Person} needs a name and a key at least");
            var keys = new List<PasskeyKey>();
            foreach (var text in person.Keys)
            {
                if (!TryRead(text, out var key))
                    return (null, $"a key of {person.Name} is no public key of a passkey; writ passkey list shows it");
                // One device must never be two people.
                if (!known.Add(text))
                    return (null, $"a key of {person.Name} is there twice");
                keys.Add(key!);
            }

            if (approvers.Values.Any(other => other.Name == person.Name) || !approvers.TryAdd(person.Person, new(person.Person, person.Name, keys)))
                return (null, $"{person.Name} is there twice: a person has one entry with all keys");
        }

        var quorums = new List<LocalQuorum>();
        foreach (var zone in Zones)
        {
            if (zone.Zone.Length == 0 || zone.Addresses.Count == 0)
                return (null, "a zone needs a name and addresses");
            if (!AddressSet.TryParse(zone.Addresses, out var addresses, out var stray))
                return (null, $"'{stray}' of zone {zone.Zone} is no address, network or range");
            var persons = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in zone.Approvers)
            {
                if (approvers.Values.FirstOrDefault(approver => approver.Name == name) is not { } approver)
                    return (null, $"zone {zone.Zone} names '{name}', who is no approver");
                persons.Add(approver.Person);
            }

            if (zone.Count < 1 || zone.Count > persons.Count)
                return (null, $"zone {zone.Zone} asks for {zone.Count} of {persons.Count} approvers");
            quorums.Add(new(zone.Zone, addresses, persons, zone.Count));
        }

        return quorums.Count == 0 ? (null, "no zone asks for anybody") : (new(party, approvers, quorums), null);
    }

    private static bool TryRead(string text, out PasskeyKey? key)
    {
        key = null;
        // Written again it is the same text, so that one key has one spelling.
        Span<byte> bytes = new byte[PasskeyKey.MostBytes];
        return Convert.TryFromBase64String(text, bytes, out var length) && Convert.ToBase64String(bytes[..length]) == text && PasskeyKey.TryRead(bytes[..length], out key);
    }
}

/// <summary>A person as the configuration writes them; <c>writ passkey list</c> shows id and keys.</summary>
internal sealed record ApproverText(string Person, string Name, IReadOnlyList<string> Keys);

/// <summary>So many of the named approvers for whatever reaches one of the addresses.</summary>
internal sealed record QuorumText(string Zone, IReadOnlyList<string> Addresses, IReadOnlyList<string> Approvers, int Count);
