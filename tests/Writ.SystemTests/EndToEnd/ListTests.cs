using System.Reflection;
using Writ.SystemTests.Browser;

namespace Writ.SystemTests.EndToEnd;

/// <summary>The list of end-to-end tests that the database has a part in is the same on both engines, by its definition.</summary>
public class ListTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>What a tool does on a runner, with the runner's secrets or at a terminal, and a shim at its caller, has nothing to do with the server's database.</summary>
    private static readonly Type[] OfRunners = [typeof(ToolsTests), typeof(SecretTests), typeof(TerminalTests), typeof(ShimTests), typeof(ExtendTests)];

    /// <summary>
    /// What lies between a person's files and a runner's host, and input that reaches no database: the engine has no part in it. What these store and read
    /// is tested on both engines in the storage tests.
    /// </summary>
    private static readonly Type[] OfHosts =
        [typeof(HostTests), typeof(NamesTests), typeof(FilesTests), typeof(BadInputTests), typeof(ResultsTests), typeof(TraceTests), typeof(StreamTests), typeof(CompromisedServerTests), typeof(InspectorTests)];

    /// <summary>How long a page takes on the wire and in the browser.</summary>
    private static readonly Type[] OfPages = [typeof(FirstPageTests)];

    [Fact]
    public void End_to_end_tests_each_run_on_both_engines_and_none_on_one_alone()
    {
        var lists = typeof(EndToEndTest).Assembly.GetTypes().Where(type => type.BaseType == typeof(EndToEndTest) && !OfRunners.Contains(type) && !OfHosts.Contains(type) && !OfPages.Contains(type)).ToArray();
        lists.Length.ShouldBeGreaterThan(4);
        lists.SelectMany(Problems).ShouldBeEmpty();
    }

    [Fact]
    public void Problems_a_planted_violation_is_found() => Problems(typeof(OnOneEngineAlone)).ShouldBe(["OnOneEngineAlone is not run OnPostgres"]);

    private static List<string> Problems(Type list)
    {
        var problems = new List<string>();
        foreach (var (name, houses) in new[] { ("OnSqlite", typeof(HousesOnSqlite)), ("OnPostgres", typeof(HousesOnPostgres)) })
        {
            var here = list.GetNestedType(name);
            if (here?.BaseType != list || here.GetConstructors().Single().GetParameters().Single().ParameterType.BaseType != houses)
                problems.Add($"{list.Name} is not run {name}");
            else
                problems.AddRange(here.GetMethods(Declared).Select(method => $"{list.Name}.{method.Name} is on one engine alone"));
        }

        if (!list.IsAbstract)
            problems.Add($"{list.Name} would run on no engine at all");
        return problems;
    }

    // What the check must find. It holds no test of xunit's, so nothing of it runs.
    private abstract class OnOneEngineAlone(Houses houses)
    {
        protected Houses Houses => houses;

        public sealed class OnSqlite(SqliteStreet houses) : OnOneEngineAlone(houses);
    }
}
