using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    [DbContext(typeof(PostgresWritDb))]
    [Migration("20261127231300_Webhooks")]
    public partial class Webhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "AddressFile",
                table: "streams",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "Form",
                table: "streams",
                type: "text",
                nullable: false,
                defaultValue: "Ocsf",
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "KeyFile",
                table: "streams",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "Only",
                table: "streams",
                type: "text",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<bool>(
                name: "ReachesPrivate",
                table: "streams",
                type: "boolean",
                nullable: false,
                defaultValue: false);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "AddressFile",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "Form",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "KeyFile",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "Only",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "ReachesPrivate",
                table: "streams");
        }
    }
}
