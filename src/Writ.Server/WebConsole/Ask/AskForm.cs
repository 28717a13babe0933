namespace Writ.Server.WebConsole.Ask;

/// <summary>Which ports somebody wants to know of.</summary>
internal enum PortChoice
{
    /// <summary>The thousand that are open most often: Nmap's own choice.</summary>
    Usual,
    /// <summary>Those of web servers.</summary>
    Web,
    /// <summary>All of them.</summary>
    All,
    /// <summary>Those that are written down.</summary>
    These,
}

/// <summary>What somebody wants to find out, in plain words, and the command that does it.</summary>
internal sealed record AskForm
{
    private const string WebPorts = "80,443,8000,8080,8443";

    public string Targets { get; init; } = "";

    /// <summary>Only who answers, no ports.</summary>
    public bool OnlyWho { get; init; }

    public PortChoice Ports { get; init; }

    public string ThesePorts { get; init; } = "";

    /// <summary>Which service listens, in which version.</summary>
    public bool Versions { get; init; }

    public bool System { get; init; }

    /// <summary>What Nmap's harmless scripts find.</summary>
    public bool Scripts { get; init; }

    /// <summary>Hosts that do not answer pings count as up.</summary>
    public bool Silent { get; init; }

    /// <summary>The command. Connections, since those need no right that a rule would have to open.</summary>
    public IReadOnlyList<string> Command
    {
        get
        {
            var words = new List<string> { "nmap" };
            if (OnlyWho)
                words.Add("-sn");
            else
            {
                words.Add("-sT");
                if (Versions)
                    words.Add("-sV");
                if (System)
                    words.Add("-O");
                if (Scripts)
                    words.AddRange(["--script", "default and safe"]);
                if (Silent)
                    words.Add("-Pn");
                if (PortText is { Length: > 0 } ports)
                    words.AddRange(["-p", ports]);
            }

            words.AddRange(Targets.Split([' ', ',', '\n', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries));
            return words;
        }
    }

    private string PortText => Ports switch
    {
        PortChoice.Usual => "",
        PortChoice.Web => WebPorts,
        PortChoice.All => "-",
        PortChoice.These => ThesePorts.Replace(" ", "", StringComparison.Ordinal).Trim(','),
    };
}
