namespace Writ.Core.Tools.Nmap;

/// <summary>A command as its parts, to be changed and written again as somebody could have typed it.</summary>
internal sealed record NmapDraft(IReadOnlyList<NmapArgument> Options, IReadOnlyList<string> Targets)
{
    /// <summary>The parts of an argv, clusters of <c>-s</c> taken apart; null where it cannot be read.</summary>
    public static NmapDraft? Read(IReadOnlyList<string> command, PlanContext context)
    {
        var read = NmapArguments.Read(command, context.Inventory.Version);
        return read.IsOk ? new([.. read.Value.Options.SelectMany(Apart)], read.Value.Targets) : null;
    }

    /// <summary>True where the command has the option, with this value if one is given.</summary>
    public bool Has(string name, string? value = null) => Options.Any(option => option.Option.Name == name && (value is null || option.Value == value));

    /// <summary>The same with other targets.</summary>
    public NmapDraft WithTargets(IReadOnlyList<string> targets) =>
        Without("--exclude", "--excludefile", "-i", "--iL", "--iR") with { Targets = targets };

    /// <summary>The same without these options.</summary>
    public NmapDraft Without(params string[] names) => this with { Options = [.. Options.Where(option => !names.Contains(option.Option.Name))] };

    /// <summary>The same without the options that this says.</summary>
    public NmapDraft Without(Func<NmapArgument, bool> which) => this with { Options = [.. Options.Where(option => !which(option))] };

    /// <summary>The same with one more option.</summary>
    public NmapDraft With(string name, string? value = null) =>
        this with { Options = [.. Options, new(new NmapOption(name, value is null ? Takes.Nothing : name.Length == 2 && "sPO".Contains(name[1]) ? Takes.GluedValue : Takes.Value), value)] };

    /// <summary>The argv.</summary>
    public IReadOnlyList<string> Argv()
    {
        var argv = new List<string> { "nmap" };
        foreach (var (option, value) in Options)
        {
            if (value is null || option.Takes == Takes.Nothing)
                argv.Add(option.Shown);
            else if (option.Takes == Takes.GluedValue || (option.Name == "-T" && value.Length == 1))
                argv.Add(option.Shown + value);
            else
                argv.AddRange([option.Shown, value]);
        }

        if (Targets.Any(target => target.StartsWith('-')))
            argv.Add("--");
        argv.AddRange(Targets);
        return argv;
    }

    private static IEnumerable<NmapArgument> Apart(NmapArgument argument) =>
        argument is { Option.Name: "-s", Value: { Length: > 1 } letters } ? letters.Select(letter => argument with { Value = letter.ToString() }) : [argument];
}
