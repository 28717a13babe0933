using System.Reflection;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>The list of storage tests is the same on both engines, by its definition.</summary>
public class ListTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Storage_tests_each_run_on_both_engines_and_none_on_one_alone()
    {
        var lists = typeof(StorageTest).Assembly.GetTypes().Where(type => type.BaseType == typeof(StorageTest)).ToArray();
        lists.Length.ShouldBeGreaterThan(5);
        lists.SelectMany(Problems).ShouldBeEmpty();
    }

    [Fact]
    public void Problems_planted_violations_are_found()
    {
        Problems(typeof(OnOneEngineAlone)).ShouldHaveSingleItem().ShouldContain("OnPostgres");
        Problems(typeof(OneTestMore)).ShouldHaveSingleItem().ShouldContain("Extra");
    }

    private static List<string> Problems(Type list)
    {
        var problems = new List<string>();
        foreach (var (name, engine, collection) in new[]
                 {
                     ("OnSqlite", typeof(SqliteEngine), SqliteCollection.Name), ("OnPostgres", typeof(PostgresEngine), PostgresCollection.Name),
                 })
        {
            var here = list.GetNestedType(name, BindingFlags.Public | BindingFlags.NonPublic);
            if (here is null || !list.IsAssignableFrom(here)
                || here.GetConstructors().SingleOrDefault()?.GetParameters().SingleOrDefault()?.ParameterType != engine
                || here.GetCustomAttribute<CollectionAttribute>()?.Name != collection)
                problems.Add($"{list.Name} is not run {name} in {collection}");
        }

        if (!list.IsAbstract)
            problems.Add($"{list.Name} would run on no engine at all");
        foreach (var type in list.Assembly.GetTypes().Where(list.IsAssignableFrom).Where(type => type != list))
        {
            problems.AddRange(type.GetMethods(Declared).Select(method => $"{list.Name}.{type.Name}.{method.Name} is on one engine alone"));
            if (type.Name is not ("OnSqlite" or "OnPostgres"))
                problems.Add($"{list.Name}.{type.Name} is of no engine");
        }

        return problems;
    }

    // What the check must find. None of it holds a test of xunit's, so nothing of it runs.

    private abstract class OnOneEngineAlone(StorageEngine engine)
    {
        protected StorageEngine Engine => engine;

        [Collection(SqliteCollection.Name)]
        public sealed class OnSqlite(SqliteEngine engine) : OnOneEngineAlone(engine);
    }

    private abstract class OneTestMore(StorageEngine engine)
    {
        protected StorageEngine Engine => engine;

        [Collection(SqliteCollection.Name)]
        public sealed class OnSqlite(SqliteEngine engine) : OneTestMore(engine);

        [Collection(PostgresCollection.Name)]
        public sealed class OnPostgres(PostgresEngine engine) : OneTestMore(engine)
        {
            public void Extra() => Engine.Count();
        }
    }
}
