namespace Writ.Core.Policy;

/// <summary>
/// Finds what is bound to a zone, a role and a topic without looking at what is bound to others. A list that would need
/// an entry for each of very many combinations is kept once a zone and looked through there, so the index grows with the
/// file and not with products of its lists.
/// </summary>
internal sealed class ScopeIndex<T>
{
    /// <summary>Stands for every role, zone or topic.</summary>
    public const string Every = "*";

    private static readonly IReadOnlyCollection<string> All = [Every];
    private readonly Dictionary<string, Zone> _zones = new(StringComparer.Ordinal);

    /// <summary>Binds an item; null means every role or zone.</summary>
    public void Add(IReadOnlyCollection<string>? roles, IReadOnlyCollection<string>? zones, IReadOnlyCollection<string> topics, T item)
    {
        (roles, zones) = (roles ?? All, zones ?? All);
        var wide = (long)roles.Count * topics.Count * zones.Count > 8L * (roles.Count + topics.Count + zones.Count)
            ? new Wide(roles.ToHashSet(StringComparer.Ordinal), topics.ToHashSet(StringComparer.Ordinal), item) : null;
        foreach (var name in zones)
        {
            if (!_zones.TryGetValue(name, out var zone))
                _zones[name] = zone = new();
            if (wide is not null)
            {
                zone.Wide.Add(wide);
                continue;
            }

            foreach (var role in roles)
            {
                foreach (var topic in topics)
                {
                    if (!zone.Exact.TryGetValue((role, topic), out var items))
                        zone.Exact[(role, topic)] = items = [];
                    items.Add(item);
                }
            }
        }
    }

    /// <summary>True when anything is bound to the zone.</summary>
    public bool Knows(string zone) => _zones.ContainsKey(zone);

    /// <summary>
    /// Every item that is bound to the zone, to one of the roles and to one of the topics; perhaps more than once.
    /// <see cref="Every"/> is a role, zone and topic like others: who wants it asks for it.
    /// </summary>
    public IEnumerable<T> Find(IReadOnlySet<string> roles, string zone, IReadOnlySet<string> topics)
    {
        if (!_zones.TryGetValue(zone, out var found))
            yield break;
        if (found.Exact.Count < (long)roles.Count * topics.Count)
        {
            foreach (var ((role, topic), items) in found.Exact)
            {
                if (!roles.Contains(role) || !topics.Contains(topic))
                    continue;
                foreach (var item in items)
                    yield return item;
            }
        }
        else
        {
            foreach (var role in roles)
            {
                foreach (var topic in topics)
                {
                    foreach (var item in found.Exact.GetValueOrDefault((role, topic), []))
                        yield return item;
                }
            }
        }

        foreach (var wide in found.Wide)
        {
            if (wide.Roles.Overlaps(roles) && wide.Topics.Overlaps(topics))
                yield return wide.Item;
        }
    }

    private sealed class Zone
    {
        public Dictionary<(string Role, string Topic), List<T>> Exact { get; } = [];

        public List<Wide> Wide { get; } = [];
    }

    private sealed record Wide(HashSet<string> Roles, HashSet<string> Topics, T Item);
}
