using System.Text.Json.Serialization.Metadata;
using Writ.Runner;

namespace Writ.Tests.Runner;

public sealed class RunnerJsonTests
{
    [Fact]
    public void What_is_left_out_where_it_is_null_may_be_left_out_where_it_is_read()
    {
        var seen = new HashSet<Type>();
        var wrong = new List<string>();
        foreach (var type in typeof(RunnerJson).CustomAttributes.Where(attribute => attribute.AttributeType.Name == "JsonSerializableAttribute").Select(attribute => (Type)attribute.ConstructorArguments[0].Value!))
            Look(type);
        seen.Count.ShouldBeGreaterThan(20);
        wrong.ShouldBeEmpty();

        void Look(Type type)
        {
            if (!seen.Add(type) || RunnerJson.Default.GetTypeInfo(type) is not { } info)
                return;
            if (info.ElementType is { } element)
                Look(element);
            foreach (var property in info.Properties)
            {
                if (property.AssociatedParameter is { IsNullable: true, HasDefaultValue: false, IsMemberInitializer: false })
                    wrong.Add($"{type.Name}.{property.Name} has no default");
                if (property.IsRequired && property.IsGetNullable)
                    wrong.Add($"{type.Name}.{property.Name} is required");
                Look(property.PropertyType);
            }
        }
    }
}
