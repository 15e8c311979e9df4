import { graphql } from "./gql";

export const Categories = graphql(`
  query Categories {
    categories { ...Titled parent { ...Titled } }
  }
`);

export const CategoryById = graphql(`
  query CategoryById($id: Int!) {
    category(by: { databaseId: $id }) { ...Titled }
  }
`);

export const Titled = graphql(`
  fragment Titled on Category { title }
`);
