namespace Writ.Core.Policy;

/// <summary>What of a tool something is about: a word, label or block of ports of one of its facets, or with empty texts the tool.</summary>
internal readonly record struct PolicyTopic(string Tool, string Facet, string Word)
{
    /// <summary>Every tool.</summary>
    public static PolicyTopic Every { get; } = new(ScopeIndex<object>.Every, "", "");
}

/// <summary>
/// Finds what is bound to a zone, a role and a topic without looking at what is bound to others. A list that would need
/// an entry for each of very many combinations is kept once a zone and looked through there, so the index grows with the
/// file and not with products of its lists.
/// </summary>
internal sealed class ScopeIndex<T>
{
    /// <summary>Stands for every role or zone.</summary>
    public const string Every = "*";

    private static readonly IReadOnlyCollection<string> All = [Every];
    private readonly Dictionary<string, Zone> _zones = new(StringComparer.Ordinal);

    /// <summary>Binds an item; null means every role or zone.</summary>
    public void Add(IReadOnlyCollection<string>? roles, IReadOnlyCollection<string>? zones, IReadOnlyCollection<PolicyTopic> topics, T item)
    {
        (roles, zones) = (roles ?? All, zones ?? All);
        var wide = (long)roles.Count * topics.Count * zones.Count > 8L * (roles.Count + topics.Count + zones.Count)
            ? new Wide(roles.ToHashSet(StringComparer.Ordinal), topics.ToHashSet(), item) : null;
        foreach (var name in zones)
        {
            if (!_zones.TryGetValue(name, out var zone))
                _zones[name] = zone = new();
            if (wide is not null)
            {
                zone.Wide.Add(wide);
                zone.Count++;
                continue;
            }

            foreach (var role in roles)
            {
                foreach (var topic in topics)
                {
                    zone.Add(new(role, topic, item));
                    zone.Count++;
                }
            }
        }
    }

    /// <summary>How many entries there are for the zone, 0 where nothing is bound to it.</summary>
    public int Count(string zone) => _zones.TryGetValue(zone, out var bound) ? bound.Count : 0;

    /// <summary>Adds every item that is bound to the zone, to one of the roles and to the topic; perhaps more than once.</summary>
    public void Find(IReadOnlySet<string> roles, string zone, PolicyTopic topic, List<T> found)
    {
        if (!_zones.TryGetValue(zone, out var bound))
            return;
        if (bound.Exact is null)
        {
            foreach (var entry in bound.Few)
            {
                if (entry.Topic == topic && roles.Contains(entry.Role))
                    found.Add(entry.Item);
            }
        }
        else
        {
            foreach (var role in roles)
            {
                if (bound.Exact.TryGetValue((role, topic), out var items))
                    found.AddRange(items);
            }
        }

        foreach (var wide in bound.Wide)
        {
            if (wide.Topics.Contains(topic) && wide.Roles.Overlaps(roles))
                found.Add(wide.Item);
        }
    }

    /// <summary>
    /// Adds every item that is bound to the zone, to one of the roles and to one of the topics; perhaps more than once.
    /// <see cref="Every"/> is a role and a zone like others: who wants it asks for it.
    /// </summary>
    public void Find(IReadOnlySet<string> roles, string zone, IReadOnlySet<PolicyTopic> topics, List<T> found)
    {
        if (!_zones.TryGetValue(zone, out var bound))
            return;
        if (bound.Exact is null || bound.Exact.Count < (long)roles.Count * topics.Count)
        {
            foreach (var entry in bound.Entries)
            {
                if (roles.Contains(entry.Role) && topics.Contains(entry.Topic))
                    found.Add(entry.Item);
            }
        }
        else
        {
            foreach (var role in roles)
            {
                foreach (var topic in topics)
                {
                    if (bound.Exact.TryGetValue((role, topic), out var items))
                        found.AddRange(items);
                }
            }
        }

        foreach (var wide in bound.Wide)
        {
            if (wide.Roles.Overlaps(roles) && wide.Topics.Overlaps(topics))
                found.Add(wide.Item);
        }
    }

    /// <summary>Adds every item that is bound to the zone and to one of the roles or to all, whatever its topic; perhaps more than once.</summary>
    public void FindAll(IReadOnlySet<string> roles, string zone, List<T> found)
    {
        if (!_zones.TryGetValue(zone, out var bound))
            return;
        foreach (var entry in bound.Entries)
        {
            if (entry.Role == Every || roles.Contains(entry.Role))
                found.Add(entry.Item);
        }

        foreach (var wide in bound.Wide)
        {
            if (wide.Roles.Contains(Every) || wide.Roles.Overlaps(roles))
                found.Add(wide.Item);
        }
    }

    private sealed class Zone
    {
        // Up to so many are looked through in less time than a table takes.
        private const int MostFew = 8;

        /// <summary>All entries while they are few; none later.</summary>
        public List<Entry> Few { get; } = new(1);

        /// <summary>All entries once they are many.</summary>
        public Dictionary<(string Role, PolicyTopic Topic), List<T>>? Exact { get; private set; }

        public List<Wide> Wide { get; } = [];

        public int Count { get; set; }

        public IEnumerable<Entry> Entries => Exact is null ? Few : Exact.SelectMany(bound => bound.Value.Select(item => new Entry(bound.Key.Role, bound.Key.Topic, item)));

        public void Add(Entry entry)
        {
            if (Exact is null && Few.Count < MostFew)
            {
                Few.Add(entry);
                return;
            }

            Exact ??= [];
            foreach (var (role, topic, item) in (Entry[])[.. Few, entry])
            {
                if (!Exact.TryGetValue((role, topic), out var items))
                    Exact[(role, topic)] = items = [];
                items.Add(item);
            }

            Few.Clear();
        }
    }

    private readonly record struct Entry(string Role, PolicyTopic Topic, T Item);

    private sealed record Wide(HashSet<string> Roles, HashSet<PolicyTopic> Topics, T Item);
}
