using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Writ.Cli;

/// <summary>A command with examples; its help shows them.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>Sets what the verb does; it returns the exit code.</summary>
    public Verb Does(Func<ParseResult, CancellationToken, Task<int>> action)
    {
        SetAction(action);
        return this;
    }

    /// <summary>Adds arguments, options and verbs below it.</summary>
    public Verb With(params ReadOnlySpan<Symbol> symbols)
    {
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument:
                    Add(argument);
                    break;
                case Option option:
                    Add(option);
                    break;
                case Command command:
                    Add(command);
                    break;
            }
        }

        return this;
    }
}

/// <summary>The usual help, then the examples of the verb.</summary>
internal sealed class HelpWithExamples(HelpAction help, IReadOnlyList<string> rootExamples, string footer) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        using var usual = new StringWriter();
        parseResult.InvocationConfiguration.Output = usual;
        help.Invoke(parseResult);
        // A tool's argv swallows what comes after it: our options stand before.
        output.Write(usual.ToString().Replace("<COMMAND>... [options]", "[options] -- COMMAND...", StringComparison.Ordinal));
        var command = parseResult.CommandResult.Command;
        var examples = (command as Verb)?.Examples ?? rootExamples;
        if (examples.Count > 0)
        {
            output.WriteLine("Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
        }

        if (command is RootCommand)
            output.WriteLine(footer);
        return ExitCode.Ok;
    }
}
