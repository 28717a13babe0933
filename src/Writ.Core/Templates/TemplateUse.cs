using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Templates;

/// <summary>A template with values in its places. What its command means, its tool's grammar says, as of one that was typed.</summary>
public sealed class TemplateUse
{
    private readonly IReadOnlyDictionary<string, DefinedValue> _values;

    internal TemplateUse(Template template, IReadOnlyDictionary<string, DefinedValue> values, IReadOnlyList<string> command) => (Template, _values, Command) = (template, values, command);

    /// <summary>The template.</summary>
    public Template Template { get; }

    /// <summary>The argv, with every value in its place.</summary>
    public IReadOnlyList<string> Command { get; }

    /// <summary>The values as they stand in the argv, by parameter, those that were not given with them; in the template's order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Values => Template.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, _values[parameter.Name].Text));

    /// <summary>What policy must know of the terms.</summary>
    public AskedTerms Of(AskedTerms asked) => asked with { Reason = string.IsNullOrWhiteSpace(asked.Reason) ? Template.Reason : asked.Reason, Template = new(Template.Name, Template.MaxDuration) };

    /// <summary>
    /// The refusal of a target outside of what its parameter may be, or null. A name is where its pinned addresses are; one that the
    /// plan does not resolve is nowhere.
    /// </summary>
    /// <param name="plan">The plan of the command, or of one that a reviewer made smaller.</param>
    /// <param name="narrowed">True for a smaller one, from which a target may be gone.</param>
    public Refusal? Outside(Plan plan, bool narrowed = false)
    {
        foreach (var parameter in Template.Parameters.Where(parameter => parameter.IsTarget))
        {
            var value = _values[parameter.Name];
            var addresses = value.Name is null ? value.Targets : AddressSet.Of(plan.Names.Where(name => string.Equals(name.Name, value.Name, StringComparison.OrdinalIgnoreCase)).SelectMany(name => name.Addresses).Select(address => new AddressRange(address, address)));
            if (addresses.IsEmpty && narrowed)
                continue;
            if (addresses.IsEmpty)
                return DefinedValue.Wrong(parameter.Argument, value.Text, "is no target of the command", null, ErrorCode.InvalidTarget);
            if (parameter.Outside(addresses) is { } outside)
                return DefinedValue.Wrong(parameter.Argument, value.Text, $"is {outside} here, which the template does not reach", parameter.Where, ErrorCode.InvalidTarget);
        }

        return null;
    }
}

/// <summary>The template by which something is asked for, as policy sees it.</summary>
/// <param name="Name">Its name, by which rules open it.</param>
/// <param name="Longest">The longest that a use lasts; null leaves it to the rules.</param>
public sealed record TemplateTerms(string Name, TimeSpan? Longest);
